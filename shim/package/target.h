/* Only preprocessed, never compiled: the target of the compiler, in the words of packages. */
#include <features.h>

/* The names of the architecture for Debian, for Debian's directory below lib, and for rpm. */
#if defined __x86_64__ && defined __LP64__
"amd64;x86_64-linux-gnu;x86_64"
#elif defined __i386__
"i386;i386-linux-gnu;i686"
#elif defined __aarch64__ && defined __LP64__ && defined __AARCH64EL__
"arm64;aarch64-linux-gnu;aarch64"
#elif defined __arm__ && defined __ARM_PCS_VFP
"armhf;arm-linux-gnueabihf;armv7hl"
#elif defined __riscv && __riscv_xlen == 64
"riscv64;riscv64-linux-gnu;riscv64"
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
"ppc64el;powerpc64le-linux-gnu;ppc64le"
#elif defined __s390x__
"s390x;s390x-linux-gnu;s390x"
#endif

#ifdef __GLIBC__
	glibc __GLIBC__.__GLIBC_MINOR__
#endif

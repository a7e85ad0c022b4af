# Finds out for which architecture the compiler compiles, with its flags: gcc -m32 also calls itself
# x86_64-linux-gnu. TARGET_DEBIAN, TARGET_TRIPLET and TARGET_RPM are empty for an architecture that
# target.h does not list, and TARGET_GLIBC for another libc.
separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
if(CMAKE_SYSROOT)
	list(APPEND flags --sysroot=${CMAKE_SYSROOT})
endif()
execute_process(COMMAND ${CMAKE_C_COMPILER} ${flags} -w -E -P ${CMAKE_CURRENT_LIST_DIR}/target.h
	OUTPUT_VARIABLE target ERROR_QUIET)
string(REGEX MATCH "\"(.*);(.*);(.*)\"" found "${target}")
set(TARGET_DEBIAN "${CMAKE_MATCH_1}")
set(TARGET_TRIPLET "${CMAKE_MATCH_2}")
set(TARGET_RPM "${CMAKE_MATCH_3}")
string(REGEX MATCH "glibc ([0-9]+) *\\. *([0-9]+)" found "${target}")
set(TARGET_GLIBC "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")

# On Debian the library goes where the loader's $LIB leads, under every prefix, so that libraries of
# two sizes do not overwrite each other. GNUInstallDirs would change its mind with the prefix. On
# other systems GNUInstallDirs already chooses that directory.
if(TARGET_TRIPLET AND EXISTS /etc/debian_version AND NOT CMAKE_CROSSCOMPILING)
	if(NOT DEFINED CMAKE_INSTALL_LIBDIR)
		set(CMAKE_INSTALL_LIBDIR lib/${TARGET_TRIPLET} CACHE PATH "Directory of the library")
	endif()
	unset(_GNUInstallDirs_LAST_CMAKE_INSTALL_PREFIX CACHE)
endif()

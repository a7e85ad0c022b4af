# Checks that the build was configured for packages. The library directory depends on the prefix.
if(NOT CPACK_CONFIGURED_PREFIX STREQUAL "/usr")
	message(FATAL_ERROR "configured for ${CPACK_CONFIGURED_PREFIX}; packages need "
		"cmake -DCMAKE_INSTALL_PREFIX=/usr")
endif()
# Without a name CPack would use the architecture of the build machine.
if(NOT CPACK_DEBIAN_PACKAGE_ARCHITECTURE)
	message(FATAL_ERROR "compiled for an architecture without a name in shim/package/target.h")
endif()

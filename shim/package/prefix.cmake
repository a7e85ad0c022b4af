# The library directory depends on the prefix, and is settled when the build is configured.
if(NOT CPACK_CONFIGURED_PREFIX STREQUAL "/usr")
	message(FATAL_ERROR "configured for ${CPACK_CONFIGURED_PREFIX}; packages need "
		"cmake -DCMAKE_INSTALL_PREFIX=/usr")
endif()

# What is about to be packed, for Debian: compressed as its policy wants it (12.1, 12.7).
if(CPACK_GENERATOR STREQUAL "DEB")
	file(GLOB texts ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/man*/*.[178]
		${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*/changelog)
	execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
else()
	file(GLOB debian ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/lintian)
	file(REMOVE_RECURSE ${debian})
	if(DEFINED ENV{SOURCE_DATE_EPOCH})
		execute_process(COMMAND find ${CPACK_TEMPORARY_INSTALL_DIRECTORY}
			-exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
	endif()
endif()

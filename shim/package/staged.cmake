# What is about to be packed. For Debian: with lintian's overrides, and compressed as its policy wants
# it (12.1, 12.7).
set(staged ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
if(CPACK_GENERATOR STREQUAL "DEB")
	foreach(package ${CPACK_COMPONENTS_ALL})
		execute_process(COMMAND install -D -m 644 ${CPACK_LINTIAN_OVERRIDES}/${package}
			${staged}/${package}/usr/share/lintian/overrides/${package}
			COMMAND_ERROR_IS_FATAL ANY)
	endforeach()
	file(GLOB texts ${staged}/*/usr/share/man/man*/*.[1-8] ${staged}/*/usr/share/doc/*/changelog)
	execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
elseif(DEFINED ENV{SOURCE_DATE_EPOCH})
	execute_process(COMMAND find ${staged} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
		COMMAND_ERROR_IS_FATAL ANY)
endif()

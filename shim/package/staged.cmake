# Changes the staged files before they are packed. Debian packages get lintian's overrides, and
# compressed manual pages and changelogs (policy 12.1, 12.7). RPM packages get reproducible times.
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

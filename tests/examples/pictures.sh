#!/bin/bash
# The pictures are well-formed, describe themselves to a screen reader, and are shown in the README.
. "$(dirname "$0")/common.sh"
[ -n "$(command -v xmllint)" ] || skip "no xmllint"
cd "$source"

for picture in .github/pictures/*.svg; do
	xmllint --noout "$picture"
	for element in title desc; do
		[ -n "$(xmllint --xpath "string(/*/*[local-name() = '$element'])" "$picture")" ] ||
			fail "$picture has no <$element>"
	done
	grep -q "src=\"$picture\"[^>]* alt=\"[^\"]" README.md ||
		fail "README.md does not show $picture with a text in alt="
done
grep -o 'src="[^"]*"' README.md | cut -d '"' -f 2 | while IFS= read -r picture; do
	[ -f "$picture" ] || fail "README.md shows $picture, which does not exist"
done

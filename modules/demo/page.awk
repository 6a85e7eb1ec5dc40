# SPDX-License-Identifier: MIT
# page.awk - page.html as a C array of lines; one long literal would pass what
# compilers must take.
BEGIN {
	print "/* Made from page.html by page.awk. */"
	print "#include \"config.h\"\n"
	print "#include \"page.h\"\n"
	print "const char *const demo_page[] = {"
}
# Not gsub(): awks differ in what a backslash means in its replacement.
function quoted(line,	i, c, text) {
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		text = text (c == "\\" || c == "\"" || c == "?" ? "\\" : "") c
	}
	return text
}
{
	print "\t\"" quoted($0) "\\n\","
}
END {
	print "\t0"
	print "};"
}

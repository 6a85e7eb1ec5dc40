# SPDX-License-Identifier: MIT
# page.awk - page.html as a C array of lines; one long literal would pass what
# compilers must take.
BEGIN {
	print "/* Made from page.html by page.awk. */"
	print "#include \"config.h\"\n"
	print "#include \"page.h\"\n"
	print "const char *const demo_page[] = {"
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	gsub(/\?/, "\\?")
	print "\t\"" $0 "\\n\","
}
END {
	print "\t0"
	print "};"
}

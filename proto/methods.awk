# SPDX-License-Identifier: MIT
#
# The methods of the server API out of api.proto, one macro call a line, in the order
# of the service:
#
#	API_METHOD(info, "Info", ap__info_request, ap__info_response, "Tells about the nodes.")
#	API_METHOD_ALONE(batch, "Batch", ap__batch_request, ap__batch_response, "...")
#
# ALONE: it has no field in Command.  Words are broken as protobuf-c does in C names.

function snake(name) {
	gsub(/[^A-Za-z0-9]/, "", name)
	while (match(name, /[a-z][A-Z]/))
		name = substr(name, 1, RSTART) "_" substr(name, RSTART + 1)
	return tolower(name)
}

/^\t\/\/ / {
	comment = substr($0, 5)
}
/^\trpc / {
	doc[n + 1] = comment
	split($2, part, "(")
	rpc[++n] = part[1]
	request[n] = part[2]
	response[n] = $4
}
/^message / {
	in_command = $2 == "Command"
}
in_command && $3 == "=" {
	in_batch[$2] = 1
}
END {
	for (i = 1; i <= n; i++) {
		name = snake(rpc[i])
		printf "API_METHOD%s(%s, \"%s\", ap__%s, ap__%s, \"%s\")\n", name in in_batch ? "" : "_ALONE",
		    name, rpc[i], snake(request[i]), snake(response[i]), doc[i]
	}
}

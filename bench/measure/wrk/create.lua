-- Pods under new names: create.lua PREFIX BODY-FILE, where the body holds @NAME@ once.
local before, after, prefix, n

function init(args)
	local f = assert(io.open(args[2]))
	before, after = f:read("a"):match("^(.-)@NAME@(.*)$")
	f:close()
	prefix, n = args[1], 0
	wrk.headers["Content-Type"] = "application/json"
end

function request()
	n = n + 1
	return wrk.format("POST", nil, nil, before .. prefix .. n .. after)
end

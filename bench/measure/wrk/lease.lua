-- Lease renewals as a kubelet does them: PUT of the whole object with the resourceVersion of the last answer: lease.lua BASE COUNT.
-- Leases lease-1 .. lease-COUNT exist; at most COUNT connections.
local ready, at, serial = {}, 1, 0
local base

function init(args)
	base = args[1]
	for i = 1, tonumber(args[2]) do ready[#ready + 1] = "lease-" .. i end
	versions = {}
	for i = 3, #args do versions["lease-" .. (i - 2)] = args[i] end
	wrk.headers["Content-Type"] = "application/json"
end

function request()
	local name = ready[at]
	at = at + 1
	serial = serial + 1
	return wrk.format("PUT", base .. "/" .. name, nil, string.format(
		'{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"%s","namespace":"bench","resourceVersion":"%s"},' ..
		'"spec":{"holderIdentity":"%s","leaseDurationSeconds":40,"renewTime":"2026-01-01T00:%02d:%02d.%06dZ"}}',
		name, versions[name], name, serial / 60000 % 60, serial / 1000 % 60, serial % 1000))
end

function response(status, headers, body)
	local name = body:match('"name":"(lease%-%d+)"')
	if not name then return end
	versions[name] = body:match('"resourceVersion":"(%d+)"')
	ready[#ready + 1] = name
end

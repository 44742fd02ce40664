-- Strategic-merge patches of pod status, a changed condition each time: status.lua BASE PREFIX COUNT.
local base, prefix, count, n

function init(args)
	base, prefix, count, n = args[1], args[2], tonumber(args[3]), 0
	wrk.headers["Content-Type"] = "application/strategic-merge-patch+json"
end

function request()
	n = n + 1
	return wrk.format("PATCH", string.format("%s/%s%d/status", base, prefix, n % count + 1), nil, string.format(
		'{"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.244.%d.%d","startTime":"2026-01-01T00:00:00Z","conditions":[' ..
		'{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:%02d:%02dZ"},' ..
		'{"type":"ContainersReady","status":"True","lastTransitionTime":"2026-01-01T00:00:01Z"}]}}',
		n / 250 % 250, n % 250 + 1, n / 60 % 60, n % 60))
end

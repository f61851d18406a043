-- What wrk sends, and one JSON line about what came back.
--   wrk ... -s wrk.lua URL -- METHOD BODY_BYTES CONNECTION FIRST_NUMBER
--   wrk ... -s wrk.lua URL -- FILE
-- CONNECTION is keep-alive or close. With a FIRST_NUMBER every request has a new URL: URL/FIRST_NUMBER, and so on;
-- with - all have the same. FILE holds one whole request as it goes over the wire, which is sent again and again.

local request_text, prefix, suffix, number

function init(args)
   if #args == 1 then
      local file = assert(io.open(args[1], "rb"))
      request_text = file:read("*a")
      file:close()
      return
   end
   wrk.method = args[1]
   local size = tonumber(args[2])
   if size > 0 then wrk.body = string.rep("x", size) end
   if args[3] == "close" then wrk.headers["Connection"] = "close" end
   if args[4] == "-" then
      request_text = wrk.format()
   else
      number = tonumber(args[4])
      local text = wrk.format(nil, wrk.path .. "/\0")
      local at = text:find("\0", 1, true)
      prefix, suffix = text:sub(1, at - 1), text:sub(at + 1)
   end
end

function request()
   if request_text then return request_text end
   number = number + 1
   return prefix .. string.format("%d", number) .. suffix
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

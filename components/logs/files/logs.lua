-- What becomes of a log line on its way out of the node: where it is from, how serious it is, which request it is of.
-- A record comes as the CRI parser made it (log, stream) with `_file`, its path; a line of JSON was unfolded before.

local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
local mask = dofile(here .. "mask.lua")
local noise = dofile(here .. "noise.lua") -- paths that probes ask for, agents that probe

local LONGEST = 64 * 1024 -- bytes of a message; Loki and people take no more

local LEVELS = {
  TRACE = "debug", DEBUG = "debug", DEBUG1 = "debug", DEBUG2 = "debug", DEBUG3 = "debug", DEBUG4 = "debug",
  DEBUG5 = "debug",
  INFO = "info", INFORMATION = "info", INFORMATIONAL = "info", NOTICE = "info", LOG = "info", STATEMENT = "info",
  DETAIL = "info", HINT = "info", DEFAULT = "info",
  WARN = "warning", WARNING = "warning",
  ERROR = "error", ERR = "error", EXCEPTION = "error",
  CRITICAL = "critical", FATAL = "critical", PANIC = "critical", ALERT = "critical", EMERGENCY = "critical",
}
local KLOG = { I = "info", W = "warning", E = "error", F = "critical" }

local HEX32, HEX16 = ("%x"):rep(32), ("%x"):rep(16)
local NO_TRACE = ("0"):rep(32)

-- Names under which JSON lines tell what every record has.
local MESSAGE = { "message", "msg", "event", "text" }
local LEVEL = { "level", "severity", "levelname", "log.level", "lvl" }
local LOGGER = { "logger", "logger_name", "log.logger", "caller", "target", "name" }
local TRACE = { "trace_id", "traceId", "traceID", "trace.id", "otelTraceID", "logging.googleapis.com/trace", "traceparent" }
local SPAN = { "span_id", "spanId", "spanID", "span.id", "otelSpanID", "logging.googleapis.com/spanId" }
-- They repeat what the container runtime wrote beside the line.
local TIME = { "time", "ts", "timestamp", "@timestamp", "asctime" }

-- Takes the first of these fields out of `fields`.
local function take(fields, names)
  for _, name in ipairs(names) do
    local value = fields[name]
    if value ~= nil and type(value) ~= "table" then
      fields[name] = nil
      return tostring(value)
    end
  end
end

local function named_level(word)
  return LEVELS[word:upper()] or (tonumber(word) and (tonumber(word) >= 50 and "error" or "info"))
end

local function status_of(text)
  local _, after = text:find("HTTP/[%d%.]+")
  return after and text:match("%f[%w]([1-5]%d%d)%f[%W]", after + 1)
end

-- How serious a line of plain text is.
local function level_of(text)
  local start = text:sub(1, 120)
  local klog = start:match("^([IWEF])%d%d%d%d %d%d:%d%d")
  if klog then
    return KLOG[klog]
  end
  local stated = start:match("%f[%w]level=\"?(%a+)")
  local level = stated and LEVELS[stated:upper()]
  if not level then
    for word in start:gmatch("%f[%w](%u[%u%d]+)%f[%W]") do
      level = LEVELS[word]
      if level then
        break
      end
    end
  end
  if text:find("Traceback (most recent call last):", 1, true) and level ~= "critical" then
    return "error"
  end
  local status = status_of(text)
  if status and status >= "500" and (level == nil or level == "info") then
    return "error"
  end
  return level or "info"
end

-- The request's trace and span, where a line names them as a header or a field.
local function trace_in(text)
  local trace, span = text:match("%f[%x]00%-(" .. HEX32 .. ")%-(" .. HEX16 .. ")%-%x%x%f[%X]")
  if not trace then
    local lower = text:lower()
    trace = lower:match("x%-cloud%-trace%-context[\"']?%s*[:=]%s*[\"']?(" .. HEX32 .. ")")
      or lower:match("trace[_%.%-]?id[\"']?%s*[:=]%s*[\"']?(" .. HEX32 .. ")%f[%X]")
    span = trace and lower:match("span[_%.%-]?id[\"']?%s*[:=]%s*[\"']?(" .. HEX16 .. ")%f[%X]")
  end
  if trace ~= NO_TRACE then
    return trace, span
  end
end

-- Whether a line is about a probe that was answered well; the others are kept.
local function is_probe(text)
  local status = status_of(text)
  if not status or status < "200" or status >= "400" then
    return false
  end
  for _, agent in ipairs(noise.agents) do
    if text:find(agent, 1, true) then
      return true
    end
  end
  local path = text:match("[%s\"](/[^%s\"]*)\"?%s+HTTP/")
  return path ~= nil and noise.paths[path:match("^[^?]*")] == true
end

-- /var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log
local function source(path)
  local namespace, pod, container = path:match("([^/_]+)_([^/_]+)_[^/_]+/([^/]+)/[^/]+$")
  return namespace, pod, container
end

-- `text` without white space at its end. A pattern would try anew at each space inside.
local function trimmed(text)
  local last = #text
  while last > 0 and text:find("^%s", last) do
    last = last - 1
  end
  return text:sub(1, last)
end

-- 32 bits of `text` (FNV-1 with addition): enough beside the nanosecond.
local function hash(text)
  local sum = 2166136261
  for at = 1, #text do
    sum = (sum * 31 + text:byte(at)) % 4294967296
  end
  return sum
end

-- The same for a line whenever it is read; the order of a record's fields isn't.
local function id_of(timestamp, path, text)
  return string.format("%d.%09d-%08x%08x", timestamp.sec, timestamp.nsec, hash(path), hash(text))
end

function process(_, timestamp, record)
  local fields = {}
  for key, value in pairs(record) do
    fields[key] = value
  end
  local path = tostring(fields._file or "")
  local namespace, pod, container = source(path)
  local stream = fields.stream
  fields._file, fields._p, fields.stream = nil, nil, nil
  local text, level, trace, span, logger = fields.log, nil, nil, nil, nil
  fields.log = nil
  if type(text) == "string" then
    fields.time = nil
    text = trimmed(text:gsub("\27%[[%d;]*m", ""))
    if text == "" or is_probe(text) then
      return -1, timestamp, record
    end
    level = level_of(text)
  else
    text = take(fields, MESSAGE) or ""
    level = named_level(take(fields, LEVEL) or "") or level_of(text)
    logger = take(fields, LOGGER)
    trace, span = take(fields, TRACE), take(fields, SPAN)
    take(fields, TIME)
    if is_probe(text) then
      return -1, timestamp, record
    end
    trace = trace and trace:lower():match(HEX32)
  end
  if not trace then
    local found, within = trace_in(text)
    trace, span = found, span or within
  end
  text = mask.text(text)
  local id = id_of(timestamp, path, text)
  if #text > LONGEST then
    text = text:sub(1, LONGEST) .. " [cut: " .. #text .. " bytes]"
  end
  local clean = {
    namespace = namespace, pod = pod, container = container, node = os.getenv("NODE_NAME"), stream = stream,
    level = level, message = text, logger = logger, trace_id = trace, span_id = span, id = id,
  }
  if next(fields) ~= nil then
    clean.fields = mask.value("fields", fields)
  end
  return 2, timestamp, clean
end

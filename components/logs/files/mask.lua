-- Takes secrets out of text before it leaves the node.
-- Lua's patterns know no alternatives, so each kind of secret is looked for on its own.

local MASK = "[masked]"
local mask = { MASK = MASK }

-- Ends of names whose values are secret, in lower case and without - . and _
local SECRET_ENDINGS = {
  "password", "passwd", "passphrase", "pwd", "secret", "secretkey", "apikey", "accesskey", "privatekey", "signingkey",
  "accountkey", "subscriptionkey", "token", "credential", "credentials", "jwt", "signature", "authorization", "cookie",
}
-- Names whose values are secret where they stand in a URL's query.
local SECRET_IN_QUERY = { key = true, code = true, sig = true, state = true, assertion = true, ticket = true }
-- Headers, whose values reach to the end of the line.
local HEADERS = { authorization = true, proxyauthorization = true, cookie = true, setcookie = true }
-- What isn't a secret, whatever it is called.
local PLAIN = { ["none"] = true, ["null"] = true, ["nil"] = true, ["true"] = true, ["false"] = true }

-- Tokens that are known by how they begin: a text to look for first, the pattern, and the least length of the rest.
local TOKENS = {
  { "sk-", "%f[%w](sk%-)([%w_%-]+)", 16 }, -- OpenAI, Anthropic, OpenRouter
  { "AIza", "%f[%w](AIza)([%w_%-]+)", 20 }, -- Google's API keys
  { "ya29.", "%f[%w](ya29%.)([%w_%-%.]+)", 10 }, -- Google's access tokens
  { "1//", "%f[%w](1//)([%w_%-]+)", 20 }, -- Google's refresh tokens
  { "GOCSPX-", "%f[%w](GOCSPX%-)([%w_%-]+)", 10 }, -- Google's OAuth clients
  { "xox", "%f[%w](xox[abeoprs]%-)([%w%-]+)", 10 }, -- Slack
  { "xapp-", "%f[%w](xapp%-)([%w%-]+)", 10 },
  { "slack.com/services/", "(hooks%.slack%.com/services/)([%w/]+)", 10 },
  { "gh", "%f[%w](gh[opsur]_)(%w+)", 20 }, -- GitHub
  { "github_pat_", "%f[%w](github_pat_)([%w_]+)", 20 },
  { "glpat-", "%f[%w](glpat%-)([%w_%-]+)", 16 }, -- GitLab
  { "hf_", "%f[%w](hf_)(%w+)", 20 }, -- Hugging Face
  { "gsk_", "%f[%w](gsk_)(%w+)", 20 }, -- Groq
  { "tvly-", "%f[%w](tvly%-)([%w_%-]+)", 16 }, -- Tavily
  { "pa-", "%f[%w](pa%-)([%w_%-]+)", 24 }, -- Voyage AI
  { "pul-", "%f[%w](pul%-)(%x+)", 32 }, -- Pulumi
  { "AKIA", "%f[%w](AKIA)([%u%d]+)", 16 }, -- Amazon
  { "ASIA", "%f[%w](ASIA)([%u%d]+)", 16 },
  { "eyJ", "%f[%w](eyJ)([%w_%-]+%.[%w_%-]+%.?[%w_%-]*)", 16 }, -- JSON Web Tokens
}

local function plain_name(name)
  return (name:lower():gsub("[%-%._]", ""))
end

-- Whether a value of this name is secret.
function mask.is_secret(name)
  local plain = plain_name(name)
  for _, ending in ipairs(SECRET_ENDINGS) do
    if plain:sub(-#ending) == ending then
      return true
    end
  end
  return false
end

-- First and last character of the value that begins at `from`, without its quotes.
local function value_span(text, from, header)
  local _, opened, slashes, quote = text:find("^[bru]?(\\*)([\"'])", from)
  if opened then
    local closing, at = slashes .. quote, opened + 1
    while true do
      local close = text:find(closing, at, true)
      if not close then
        return opened + 1, #text
      end
      -- A quote inside the value has one backslash more than the one that ends it.
      if text:sub(close - 1, close - 1) ~= "\\" then
        return opened + 1, close - 1
      end
      at = close + #closing
    end
  end
  local _, last = text:find(header and "^[^\r\n\"']+" or "^[^%s,;&\"'<>%)%]}\\]+", from)
  return from, last or from - 1
end

-- `Bearer x` and the like: the scheme says nothing secret, and helps.
local function without_scheme(text, first, last)
  local _, scheme = text:sub(first, last):find("^%a+%s+")
  return scheme and first + scheme or first
end

-- name=value, name: value, "name": "value", (b'name', b'value'), ?name=value
local function named(text)
  local out, done, at = {}, 1, 1
  while true do
    -- From the start of a word alone: tried at each of its letters, a long word would take for ever.
    local first, last, name = text:find("%f[%w_%-%.]([%w_%-%.]+)\\*[\"']?%s*[:=,]%s*", at)
    if not first then
      break
    end
    at = last + 1
    local header = HEADERS[plain_name(name)]
    local before = text:sub(first - 1, first - 1)
    local query = (before == "?" or before == "&" or before == "#") and SECRET_IN_QUERY[name:lower()]
    -- A comma says that a value follows only between quoted words.
    local listed = text:find(",", first + #name, true)
    local paired = not listed or listed > last or text:find("^[bru]?\\*[\"']", at)
    if paired and (query or mask.is_secret(name)) then
      local from, to = value_span(text, at, header)
      if header then
        from = without_scheme(text, from, to)
      end
      local masked = text:sub(from, from + #MASK - 1) == MASK
      if from <= to and not masked and not PLAIN[text:sub(from, to):lower()] then
        out[#out + 1] = text:sub(done, from - 1)
        out[#out + 1] = MASK
        done, at = to + 1, to + 1
      end
    end
  end
  if done == 1 then
    return text
  end
  out[#out + 1] = text:sub(done)
  return table.concat(out)
end

-- scheme://user:password@host. A password may hold what should have been escaped; a port is followed by a slash.
local function in_urls(text)
  return (text:gsub("(://[^%s/:@\"'<>]*:)([^%s\"'<>]+)", function(start, rest)
    if rest:find("^%d*[/?#]") or not rest:find("@", 1, true) then
      return nil
    end
    local tail = rest:match("^.*(@[^@]*)$")
    return start .. MASK .. tail
  end))
end

local function looks_made(value)
  return value:find("[%d=]") ~= nil or #value >= 32
end

-- `text` without the secrets that are known by their name, their place or their look.
function mask.text(text)
  if text:find("PRIVATE KEY", 1, true) then
    text = text:gsub("(%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-).-(%-%-%-%-%-END [%u ]*PRIVATE KEY%-%-%-%-%-)",
      "%1" .. MASK .. "%2")
    text = text:gsub("(%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-)([%w%+/=\\%s]*)$", "%1" .. MASK)
  end
  if text:find("://", 1, true) then
    text = in_urls(text)
  end
  text = named(text)
  for _, scheme in ipairs({ "[Bb]earer", "[Bb]asic" }) do
    text = text:gsub("(%f[%w]" .. scheme .. "%s+)([%w%-%._~%+/]+=*)", function(start, value)
      return #value >= 8 and looks_made(value) and start .. MASK or nil
    end)
  end
  for _, token in ipairs(TOKENS) do
    if text:find(token[1], 1, true) then
      text = text:gsub(token[2], function(start, rest)
        return #rest >= token[3] and looks_made(rest) and start .. MASK or nil
      end)
    end
  end
  return text
end

-- A value of any kind without secrets; what has a secret's name is one.
function mask.value(name, value)
  if type(value) == "table" then
    local clean = {}
    for key, child in pairs(value) do
      -- Entries of a list are called as the list is.
      clean[key] = mask.value(type(key) == "string" and key or name, child)
    end
    return clean
  end
  if type(value) ~= "string" then
    return value
  end
  if mask.is_secret(name) and value ~= "" and not PLAIN[value:lower()] then
    return MASK
  end
  return mask.text(value)
end

return mask

--[[
Longstop's block list inside Rspamd 3.4 or newer: put this file into local.d and restart once.

A message costs one HMGET on the hash that Longstop keeps, so an entry works on the next message. While Redis is away, a file with
the same content decides (LONGSTOP_MAP_DIR). A block for everybody is refused with 554 and the entry's id; a recipient's own block removes that recipient only. An allow entry undoes less specific
blocks of the same thing and nothing else: Rspamd's own verdict stays.

The forms of values and the precedence are those of services/blocklist/rules (forms.py, precedence.py).
]]

local settings = {
  key = 'longstop:gateway', -- LONGSTOP_STREAM_PREFIX, then :gateway
  hits = 'longstop:gateway.hits', -- the same prefix, then :gateway.hits: where it is noted what entries stopped
  seen = 'longstop:gateway.seen', -- the same prefix, then :gateway.seen: where it is noted what passed, for previews; '' for nowhere
  -- Longstop's copy of the hash as a file, below its LONGSTOP_MAP_DIR; it decides while Redis is away. '' for none.
  cold_copy = '/var/lib/longstop/maps/rspamd/gateway.cdb',
  on_redis_failure = 'accept', -- with no copy either: 'accept' lets mail through unchecked, 'defer' answers 451 until Redis is back
  refusal = 'Blocked by mail policy, entry {id}', -- what a refused client is told; {id} is the entry's id
  -- A mail to nothing but these mailboxes is a report. It holds what entries block, so it is not checked at all.
  report_mailboxes = { phish = true, junk = true, notjunk = true, report = true },
  -- Rspamd's action -> reason in X-Longstop-Quarantine, by which the mail server routes a mail to the quarantine.
  quarantine = { ['add header'] = 'spam', ['rewrite subject'] = 'spam', ['quarantine'] = 'policy' },
}

-- Limits, so that no mail makes a lookup large: what is beyond is not looked up.
local URLS_MAX = 1000
local PARTS_MAX = 100
local SENDERS_MAX = 10
local RECIPIENTS_MAX = 200
local HITS_MAX = 50
local FIELDS_MAX = 20000 -- 1 MB of request; fields for everybody come first
local URL_MAX = 2048
local PARENT_LABELS_MAX = 8
local EXACT, BELOW, SEGMENTS_MAX = 1000, 500, 8
local PAIR_OF_ADDRESS, PAIR_OF_DOMAIN, PAIR_OF_ANY, PAIR_STEP = 1100, 500, 450, 20
local PAIR_PREFIX = { [4] = 24, [6] = 64 }
local SEEN_SENDERS_MAX, SEEN_HOSTS_MAX, SEEN_MAX = 5, 20, 4000
local PREFIX_MIN = { [4] = 24, [6] = 48 }

local SYMBOL_BLOCK, SYMBOL_REMOVED = 'LONGSTOP_BLOCK', 'LONGSTOP_RCPT_REMOVED'
local SYMBOL_ALLOW, SYMBOL_REPORT, SYMBOL_FAIL = 'LONGSTOP_ALLOW', 'LONGSTOP_REPORT', 'LONGSTOP_FAIL'
local SYMBOL_COLD = 'LONGSTOP_COLD_COPY'

-- Forms of values ---------------------------------------------------------------------------------------------------

local function code_points(text)
  local points, at = {}, 1
  while at <= #text do
    local byte = text:byte(at)
    local size = byte < 0x80 and 1 or byte < 0xE0 and 2 or byte < 0xF0 and 3 or 4
    local point = size == 1 and byte or byte % 2 ^ (7 - size)
    for more = at + 1, at + size - 1 do
      point = point * 64 + (text:byte(more) or 0x80) % 64
    end
    points[#points + 1] = point
    at = at + size
  end
  return points
end

local function adapted(delta, count, first)
  delta = first and math.floor(delta / 700) or math.floor(delta / 2)
  delta = delta + math.floor(delta / count)
  local k = 0
  while delta > 455 do
    delta = math.floor(delta / 35)
    k = k + 36
  end
  return k + math.floor(36 * delta / (delta + 38))
end

-- A label of a host name as an A-label (RFC 3492, section 6.3).
local function a_label(label)
  if not label:find('[\128-\255]') or #label > 252 then
    return label
  end
  local points, out = code_points(label), {}
  for _, point in ipairs(points) do
    if point < 128 then out[#out + 1] = string.char(point) end
  end
  local basic = #out
  local handled = basic
  if basic > 0 then out[#out + 1] = '-' end
  local n, delta, bias = 128, 0, 72
  while handled < #points do
    local least = math.huge
    for _, point in ipairs(points) do
      if point >= n and point < least then least = point end
    end
    delta = delta + (least - n) * (handled + 1)
    n = least
    for _, point in ipairs(points) do
      if point < n then delta = delta + 1 end
      if point == n then
        local q, k = delta, 36
        while true do
          local t = k <= bias and 1 or k >= bias + 26 and 26 or k - bias
          if q < t then break end
          local digit = t + (q - t) % (36 - t)
          out[#out + 1] = string.char(digit < 26 and digit + 97 or digit + 22)
          q = math.floor((q - t) / (36 - t))
          k = k + 36
        end
        out[#out + 1] = string.char(q < 26 and q + 97 or q + 22)
        bias = adapted(delta, handled + 1, handled == basic)
        delta = 0
        handled = handled + 1
      end
    end
    delta = delta + 1
    n = n + 1
  end
  return 'xn--' .. table.concat(out)
end

-- A host in lower case with A-labels; an IPv6 address in brackets.
local function canonical_host(host)
  host = host:lower():gsub('%.+$', '')
  if host:find(':', 1, true) then
    return '[' .. host:gsub('[%[%]]', '') .. ']'
  end
  return (host:gsub('[^.]+', a_label))
end

local function escaped(text)
  local out, at = {}, 1
  while at <= #text do
    local hex = text:match('^%%(%x%x)', at)
    local letter = hex and string.char(tonumber(hex, 16)) or text:sub(at, at)
    if hex then
      out[#out + 1] = letter:find('^[%w._~-]') and letter or '%' .. hex:upper()
    elseif letter:find("^[%w._~!$&'()*+,;=:@/?-]") then
      out[#out + 1] = letter
    else
      out[#out + 1] = string.format('%%%02X', letter:byte())
    end
    at = at + (hex and 3 or 1)
  end
  return table.concat(out)
end

local function without_dots(path)
  local kept, last = {}, ''
  for segment in path:gmatch('/([^/]*)') do
    if segment == '..' then
      kept[#kept] = nil
    elseif segment ~= '.' then
      kept[#kept + 1] = segment
    end
    last = segment
  end
  local opens = (last == '.' or last == '..') and #kept > 0
  return '/' .. table.concat(kept, '/') .. (opens and '/' or '')
end

-- `host/path?query` of a URL as it stood in the mail; `host` is what Rspamd makes of its host.
local function canonical_url(raw, host)
  host = canonical_host(host)
  local rest = raw:sub(1, URL_MAX):gsub('[\t\n\r]', ''):gsub('^%a[%w+.-]*:', '', 1):gsub('^[/\\]*', '', 1)
  rest = rest:gsub('^[^/\\?#]*', '', 1):gsub('#.*$', '')
  local path, query = rest:match('^([^?]*)%??(.*)$')
  local whole = '/' .. path:gsub('\\', '/'):gsub('^/', '', 1) .. '?' .. query
  path, query = escaped(whole):sub(1, URL_MAX - #host):gsub('%%%x?$', ''):match('^([^?]*)%??(.*)$')
  return host .. without_dots(path) .. (query ~= '' and '?' .. query or '')
end

-- A name and the names above it, the longest first, down to two labels.
local function parents(host)
  local labels, names = {}, { host }
  if host:find('^%[') or host:find('^[%d.]+$') then
    return names
  end
  for label in host:gmatch('[^.]+') do
    labels[#labels + 1] = label
  end
  for count = math.min(#labels - 1, PARENT_LABELS_MAX), 2, -1 do
    names[#names + 1] = table.concat(labels, '.', #labels - count + 1)
  end
  return names
end

-- What a mail asks for, and what decides -----------------------------------------------------------------------------

local function dots(name)
  return select(2, name:gsub('%.', ''))
end

-- Calls `found` with each form of a sender, the plainer ones of its domain later: without the tag of bounces (BATV), without a +tag.
local function each_form(user, found)
  local bare = user:match('^prvs=[^=@]+=(.+)$') or user
  local known, less = {}, 0
  for _, form in ipairs({ user, bare, bare:match('^([^+]+)%+') or bare }) do
    if not known[form] then
      known[form] = true
      found(form, less)
      less = less + 1
    end
  end
end

local function ask_address(lookups, thing, user, domain)
  each_form(user, function(form, less)
    local value = form .. '@' .. domain
    lookups[#lookups + 1] = { thing = thing, kind = 'address', value = value, specificity = EXACT - less }
  end)
  for _, name in ipairs(parents(domain)) do
    lookups[#lookups + 1] = { thing = thing, kind = 'domain', value = name, specificity = dots(name) }
  end
end

-- The sender, its domains and any sender, each through each form of the client (its address, names, network).
local function ask_pairs(lookups, thing, user, domain, clients)
  local function pair(sender, specificity)
    for at, client in ipairs(clients) do
      local value = sender .. ',' .. client
      lookups[#lookups + 1] = { thing = thing, kind = 'spoof', value = value, specificity = specificity - at + 1 }
    end
  end
  if #clients == 0 then
    return
  end
  each_form(user, function(form, less) pair(form .. '@' .. domain, PAIR_OF_ADDRESS - less * PAIR_STEP) end)
  for _, name in ipairs(parents(domain)) do
    pair(name, PAIR_OF_DOMAIN + math.min(dots(name), PARENT_LABELS_MAX) * PAIR_STEP)
  end
  pair('*', PAIR_OF_ANY)
end

local function ask_sender(lookups, thing, address, clients)
  local user, domain = address:match('^(.*)@([^@]+)$')
  if not user or user == '' then
    return
  end
  domain = domain:find('^%[') and domain:lower() or canonical_host(domain)
  ask_address(lookups, thing, user, domain)
  ask_pairs(lookups, thing, user, domain, clients or {})
  -- Before a forwarder rewrote it (SRS). It is another's: an allow of it opens no door to the forwarder.
  local home, original = user:match('^srs0[=+-][^=@]+=[^=@]+=([^=@]+)=(.+)$')
  if home then
    ask_address(lookups, thing .. ' before forwarding', original, canonical_host(home))
  end
end

local function ask_url(lookups, thing, raw, host)
  local page = canonical_url(raw, host)
  lookups[#lookups + 1] = { thing = thing, kind = 'url', value = page, specificity = EXACT }
  local path, at = page:match('^[^?]*'), 0
  for depth = 1, SEGMENTS_MAX do
    at = path:find('/', at + 1, true)
    if not at then break end
    lookups[#lookups + 1] = { thing = thing, kind = 'url', value = path:sub(1, at) .. '*', specificity = BELOW + depth }
  end
  for _, name in ipairs(parents(canonical_host(host))) do
    lookups[#lookups + 1] = { thing = thing, kind = 'url', value = name, specificity = dots(name) }
  end
end

local function field(scope, lookup)
  return scope .. '|' .. lookup.kind .. '|' .. lookup.value
end

-- The fields of one HMGET, each once; everybody's first.
local function fields_of(lookups, scopes)
  local fields, known = {}, {}
  for _, scope in ipairs(scopes) do
    for _, lookup in ipairs(lookups) do
      local name = field(scope, lookup)
      if not known[name] and #fields < FIELDS_MAX then
        known[name] = true
        fields[#fields + 1] = name
      end
    end
  end
  return fields
end

-- The scopes that a recipient's mail is in beside everybody's, the narrowest first: NAME+TAG@DOMAIN is NAME's mail (RFC 5233).
local function scopes_of(recipient)
  local user, domain = recipient:match('^(.*)@([^@]+)$')
  if not user then
    return { recipient }
  end
  domain = domain:find('^%[') and domain or canonical_host(domain)
  local plain = user:match('^([^+]+)%+')
  return { user .. '@' .. domain, plain and plain .. '@' .. domain or false, domain:find('%.') and domain or false }
end

-- The mark that decides for a recipient (nil: for everybody), or nil. `marks` are by field. For each thing a recipient's own
-- entry comes first, then their domain's, then the more specific one; among things any block comes before every allow, then
-- again a recipient's own, and then the thing that the mail brings first.
local function decide(lookups, marks, recipient)
  local best, things = {}, {}
  local scopes = recipient and scopes_of(recipient) or {}
  for _, lookup in ipairs(lookups) do
    local mark, narrow = marks[field('tenant', lookup)], 0
    for at = #scopes, 1, -1 do
      local own = scopes[at] and marks[field(scopes[at], lookup)]
      if own then mark, narrow = own, #scopes - at + 1 end
    end
    if mark then
      local rank = lookup.specificity + 2 * EXACT * narrow
      local known = best[lookup.thing]
      if not known then things[#things + 1] = lookup.thing end
      if not known or rank > known.rank then
        best[lookup.thing] = { rank = rank, mark = mark, order = narrow + (mark.action == 'block' and 4 or 0) }
      end
    end
  end
  local decided
  for _, thing in ipairs(things) do
    if not decided or best[thing].order > decided.order then decided = best[thing] end
  end
  return decided and decided.mark
end

local forms = {
  canonical_host = canonical_host, canonical_url = canonical_url, parents = parents,
  ask_sender = ask_sender, ask_url = ask_url, fields_of = fields_of, decide = decide,
  scopes_of = scopes_of, settings = settings,
}

if not rspamd_config then
  return forms -- loaded by a test, outside Rspamd
end

-- Inside Rspamd -----------------------------------------------------------------------------------------------------

local hash = require 'rspamd_cryptobox_hash'
local logger = require 'rspamd_logger'
local lua_mime = require 'lua_mime'
local lua_redis = require 'lua_redis'
local ucl = require 'ucl'
local util = require 'rspamd_util'

local redis = lua_redis.parse_redis_server('longstop')
local copy = settings.cold_copy ~= '' and rspamd_config:add_map({
  type = 'cdb', url = settings.cold_copy, description = 'Longstop: the block list while Redis is away',
})

local function lower(text)
  return tostring(util.lower_utf8(text))
end

-- Recipients as the client gave them: with `orig` Rspamd lists them before those that it has rewritten.
local function recipients_of(task)
  local all, rewritten = task:get_recipients({ 'smtp', 'orig' }) or {}, task:get_recipients('smtp') or {}
  local count = #all > #rewritten and #all - #rewritten or #all
  local found = {}
  for at = 1, math.min(count, RECIPIENTS_MAX) do
    found[#found + 1] = all[at].addr
  end
  return found
end

local function is_report(recipients)
  for _, recipient in ipairs(recipients) do
    local mailbox = lower(recipient):match('^([^@+]*)')
    if not settings.report_mailboxes[mailbox] then
      return false
    end
  end
  return #recipients > 0
end

local function sha256(content)
  local digest = hash.create_specific('sha256')
  digest:update(content)
  return digest:hex()
end

local function ask_files(lookups, task)
  local count = 0
  for _, part in ipairs(task:get_parts() or {}) do
    if count < PARTS_MAX and not part:is_multipart() and (part:is_attachment() or part:get_filename()) then
      count = count + 1
      local digest = sha256(part:get_content())
      lookups[#lookups + 1] = { thing = 'file ' .. digest, kind = 'file', value = digest, specificity = EXACT }
    end
  end
end

local function ask_client(lookups, task)
  local ip = task:get_ip()
  local least = ip and ip:is_valid() and PREFIX_MIN[ip:get_version()]
  if not least then
    return
  end
  local most = ip:get_version() == 4 and 32 or 128
  lookups[#lookups + 1] = { thing = 'client', kind = 'ip', value = tostring(ip), specificity = most }
  for prefix = most - 1, least, -1 do
    local value = tostring(ip:apply_mask(prefix)) .. '/' .. prefix
    lookups[#lookups + 1] = { thing = 'client', kind = 'ip', value = value, specificity = prefix }
  end
end

-- What a pair may name of the client, the most specific first.
local function clients_of(task)
  local ip, name, found = task:get_ip(), task:get_hostname(), {}
  local valid = ip and ip:is_valid() and PAIR_PREFIX[ip:get_version()]
  if valid then
    found[1] = tostring(ip)
  end
  if name and name:find('%.') and name:find('^[%w_.-]+$') and not name:find('^[%d.]+$') then
    for _, one in ipairs(parents(canonical_host(name))) do found[#found + 1] = one end
  end
  if valid then
    found[#found + 1] = tostring(ip:apply_mask(valid)) .. '/' .. valid
  end
  return found
end

local function lookups_of(task)
  local lookups, clients = {}, clients_of(task)
  for _, which in ipairs({ 'smtp', 'mime' }) do
    for at, sender in ipairs(task:get_from({ which, 'orig' }) or {}) do
      if at <= SENDERS_MAX then
        ask_sender(lookups, which .. ' sender ' .. at, lower(sender.addr or ''), clients)
      end
    end
  end
  for at, url in ipairs(task:get_urls() or {}) do
    local host = url:get_host()
    if at <= URLS_MAX and host and host ~= '' and url:get_protocol():find('^http') then
      ask_url(lookups, 'url ' .. at, url:get_raw() or url:get_text(), host)
    end
  end
  ask_files(lookups, task)
  ask_client(lookups, task)
  return lookups
end

-- The marks in force among the answers of an HMGET.
local function marks_of(fields, answers)
  local marks, any, now = {}, false, util.get_time()
  for at, name in ipairs(fields) do
    if type(answers[at]) == 'string' then
      local parser = ucl.parser()
      local mark = parser:parse_string(answers[at]) and parser:get_object()
      if type(mark) == 'table' and mark.id and (mark.exp == 0 or (tonumber(mark.exp) or 0) > now) then
        marks[name] = mark
        any = true
      end
    end
  end
  return any and marks
end

local function reject(task, mark)
  task:insert_result(true, SYMBOL_BLOCK, 1.0, mark.id)
  local id = tostring(mark.id):gsub('[^%w-]', '')
  task:set_pre_result('reject', (settings.refusal:gsub('{id}', id)), 'longstop')
end

local function note(task, stream, words)
  local arguments = { stream, 'MAXLEN', '~', '100000', '*' }
  for _, word in ipairs(words) do
    arguments[#arguments + 1] = word
  end
  lua_redis.redis_make_request(task, redis, stream, true, function() end, 'XADD', arguments)
end

-- Tells Longstop what entries stopped, for its counts. An answer is not waited for, and a failure changes nothing.
local function note_hit(task, id, recipient)
  local sender, ip = (task:get_from('smtp') or {})[1], task:get_ip()
  local words = {
    'block_id', id, 'enforcer', 'rspamd', 'sender', sender and sender.addr or '', 'recipient', recipient or '',
    'client_ip', ip and ip:is_valid() and tostring(ip) or '',
  }
  for at, word in ipairs(words) do
    words[at] = word:sub(1, 320)
  end
  note(task, settings.hits, words)
end

-- Tells Longstop who wrote and which hosts were linked in a mail that no entry stopped: previews and guards ask for it.
local function note_seen(task)
  if settings.seen == '' then
    return
  end
  local senders, hosts, known = {}, {}, {}
  for at, sender in ipairs(task:get_from({ 'mime', 'orig' }) or {}) do
    if at <= SEEN_SENDERS_MAX then senders[#senders + 1] = lower(sender.addr or '') end
  end
  for at, url in ipairs(task:get_urls() or {}) do
    local host = url:get_host()
    if at <= URLS_MAX and host and #hosts < SEEN_HOSTS_MAX and not known[host] then
      known[host] = true
      hosts[#hosts + 1] = canonical_host(host)
    end
  end
  local words = { 'senders', table.concat(senders, ' '):sub(1, SEEN_MAX), 'hosts', table.concat(hosts, ' '):sub(1, SEEN_MAX) }
  note(task, settings.seen, words)
end

-- Each recipient's decision: all blocked is a refusal; some blocked lose their copy, the others get theirs. `noted` is called
-- with what was stopped.
local function enforce(task, recipients, lookups, marks, noted)
  local first, removed, ids = nil, {}, {}
  for _, recipient in ipairs(recipients) do
    local mark = decide(lookups, marks, lower(recipient))
    if mark and mark.action == 'block' then
      first = first or mark
      removed[#removed + 1] = recipient
      ids[#ids + 1] = mark.id
      if #removed <= HITS_MAX then noted(task, mark.id, recipient) end
    elseif mark then
      task:insert_result(true, SYMBOL_ALLOW, 1.0, mark.id)
    end
  end
  if #recipients == 0 then
    first = decide(lookups, marks)
    first = first and first.action == 'block' and first or nil
    if first then noted(task, first.id) end
  end
  if first and #removed == #recipients then
    reject(task, first)
    return true
  elseif first then
    task:insert_result(true, SYMBOL_REMOVED, 1.0, ids)
    task:set_milter_reply({ del_rcpt = removed })
  end
end

local function failed(task, reason)
  logger.errx(task, 'longstop: the block list cannot be asked: %s', reason)
  task:insert_result(true, SYMBOL_FAIL, 1.0)
  if settings.on_redis_failure == 'defer' then
    task:set_pre_result('soft reject', 'Mail policy cannot be asked now, try again later', 'longstop')
  end
end

-- Redis did not answer: the cold copy decides, when it was ever read. Nothing is noted, for that is Redis' as well.
local function decide_cold(task, recipients, lookups, fields, reason)
  local made = copy and copy:get_key('made')
  if not made then
    failed(task, reason)
    return
  end
  logger.warnx(task, 'longstop: %s; the cold copy made at %s decides', reason, made)
  task:insert_result(true, SYMBOL_COLD, 1.0, tostring(made))
  local answers = {}
  for at, name in ipairs(fields) do
    answers[at] = copy:get_key(name)
  end
  local marks = marks_of(fields, answers)
  if marks then
    enforce(task, recipients, lookups, marks, function() end)
  end
end

local function check(task)
  local recipients = recipients_of(task)
  if is_report(recipients) then
    task:insert_result(true, SYMBOL_REPORT, 1.0)
    task:set_pre_result('accept', 'a report', 'longstop')
    return
  end
  local scopes = { 'tenant' }
  for _, recipient in ipairs(recipients) do
    for _, scope in ipairs(scopes_of(lower(recipient))) do
      scopes[#scopes + 1] = scope or nil
    end
  end
  local lookups = lookups_of(task)
  local fields = fields_of(lookups, scopes)
  if #fields == 0 then
    return
  end
  local function answered(err, answers)
    if err or type(answers) ~= 'table' then
      decide_cold(task, recipients, lookups, fields, err or 'no list was answered')
      return
    end
    local marks = marks_of(fields, answers)
    if not (marks and enforce(task, recipients, lookups, marks, note_hit)) then
      note_seen(task)
    end
  end
  local arguments = { settings.key }
  for _, name in ipairs(fields) do
    arguments[#arguments + 1] = name
  end
  if not redis then
    decide_cold(task, recipients, lookups, fields, 'no Redis is configured')
  elseif not lua_redis.redis_make_request(task, redis, settings.key, false, answered, 'HMGET', arguments) then
    decide_cold(task, recipients, lookups, fields, 'no connection')
  end
end

local function mark_for_quarantine(task)
  local reason = settings.quarantine[task:get_metric_action()]
  if reason then
    lua_mime.modify_headers(task, { add = { ['X-Longstop-Quarantine'] = { value = reason, order = 1 } } })
  end
end

if redis or copy then
  local parent = rspamd_config:register_symbol({ name = 'LONGSTOP_CHECK', type = 'prefilter', callback = check })
  for _, name in ipairs({ SYMBOL_BLOCK, SYMBOL_REMOVED, SYMBOL_ALLOW, SYMBOL_REPORT, SYMBOL_FAIL, SYMBOL_COLD }) do
    rspamd_config:register_symbol({ name = name, type = 'virtual', parent = parent, score = 0.0, group = 'longstop' })
  end
  rspamd_config:register_symbol({ name = 'LONGSTOP_QUARANTINE', type = 'idempotent', callback = mark_for_quarantine })
end
if not redis then
  logger.errx(rspamd_config, 'longstop: no Redis is configured (redis.conf), so nothing but the cold copy blocks')
end

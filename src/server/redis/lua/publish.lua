-- Appends a message. KEYS: 3 where its idempotency key is kept. ARGV: 6 how many messages to keep; 7 for how long nothing
-- is numbered after a restart; 8 how long the key is kept; 9 the message's digest; 10 until when it may be appended, in
-- milliseconds since 1970; 11 the event, or ''; 12 the data. Answers, and after an error nothing is appended:
--   new EPOCH NUMBER TIME    it is appended
--   known EPOCH NUMBER       it was before, with that key
--   reused                   another message was
--   settling MILLISECONDS    not now
--   late TIME                not any more

-- Later the key may be gone that tells that it was appended before.
if now > tonumber(ARGV[10]) then
    return { 'late', digits(now) }
end

if not epoch then
    if redis.call('EXISTS', stream) == 1 then
        epoch = head()
    end
    if epoch then
        redis.call('HSET', known, 'epoch', digits(epoch))
    else
        begin()
    end
end
if known_epoch > epoch then
    begin()
end

-- Whoever knows more of the topic than this Redis has the time to say so.
if numbered_in ~= run then
    see_restart()
    local left = since + tonumber(ARGV[7]) - now
    if left > 0 then
        return { 'settling', digits(left) }
    end
    redis.call('HSET', known, 'run', run)
    redis.call('HDEL', known, 'next', 'since')
end

-- Always: a try that Redis was late to read comes after the one that was made for want of its answer.
local before = redis.call('GET', KEYS[3])
if before then
    local key_epoch, n, digest = string.match(before, '^(%d+)-(%d+) (.*)$')
    -- One of an earlier epoch is gone with its message.
    if tonumber(key_epoch) == epoch then
        if digest ~= ARGV[9] then
            return { 'reused' }
        end
        return { 'known', key_epoch, n }
    end
end

-- Whoever may not keep the key is refused here, before anything is appended. This sets nothing, or what counts as nothing.
redis.call('SET', KEYS[3], '0-0 ', 'XX', 'PX', ARGV[8])

local function append()
    local id
    if ARGV[11] == '' then
        id = redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', '~', ARGV[6], digits(epoch) .. '-*',
            't', digits(now), 'd', ARGV[12])
    else
        id = redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', '~', ARGV[6], digits(epoch) .. '-*',
            't', digits(now), 'd', ARGV[12], 'e', ARGV[11])
    end
    if not id then
        return 0 -- it is gone
    end
    if type(id) == 'table' then
        local is_late = string.find(id.err, 'equal or smaller', 1, true) or string.find(id.err, 'exhausted', 1, true)
        if not is_late then
            error(id)
        end
        -- It has come to a later epoch than is known, or to an id that is none of ours.
        epoch = math.max(epoch, head() or 0)
        return 0
    end
    return number(string.match(id, '-(%d+)$')) or 0
end

local n = append()
if n == 0 or (known_epoch == epoch and n <= known_n) then
    begin()
    n = append()
end
redis.call('SET', KEYS[3], digits(epoch) .. '-' .. digits(n) .. ' ' .. ARGV[9], 'PX', ARGV[8])
-- It is taken, and no error may say that it is not. Who may not put off the expiry is told so when he looks.
pcall(stay, n)
return { 'new', digits(epoch), digits(n), digits(now) }

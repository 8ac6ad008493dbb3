-- What all scripts begin with. KEYS: 1 the stream, 2 what is known of it. ARGV: 1 the run of this Redis, by which a
-- restart is told; 2 and 3 the head that the caller knows, epoch and number, or zeros; 4 how long the topic stays
-- without a publish or a reader, and 5 how often that is put off, in milliseconds.
--
-- Known of a stream: `epoch`; `run`, in which messages were numbered last; `next` and `since`, another run that was seen
-- since; `due`, when the expiry is to be put off.
local stream, known = KEYS[1], KEYS[2]
local run = ARGV[1]

-- A number of ours: a whole one that a Lua number holds, which is up to 2^53. Others were written by somebody else: nil.
local LARGEST = 9007199254740992
local function number(text)
    local value = tonumber(text)
    if value and value >= 0 and value < LARGEST then
        return value
    end
end

-- The same in digits.
local function digits(value)
    return string.format('%.0f', value)
end

local known_epoch, known_n = number(ARGV[2]), number(ARGV[3])
if not known_epoch or not known_n then
    known_epoch, known_n = 0, 0
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local fields = redis.call('HMGET', known, 'epoch', 'run', 'next', 'since', 'due')
local epoch, numbered_in, next_run = number(fields[1]), fields[2], fields[3]
local since, due = number(fields[4]), number(fields[5]) or 0

-- The last id that the stream gave, which trimming does not change; nil if it is none of ours.
local function head()
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then
            local milliseconds, n = string.match(info[i + 1], '^(%d+)-(%d+)$')
            milliseconds, n = number(milliseconds), number(n)
            if milliseconds and n then
                return milliseconds, n
            end
        end
    end
end

-- Makes the topic anew: empty, in an epoch that is greater than any that is known. XADD alone would begin at 0.
local function begin()
    epoch = math.max(now, (epoch or 0) + 1, known_epoch + 1)
    redis.call('DEL', stream)
    redis.call('XADD', stream, digits(epoch) .. '-0', 'd', '')
    redis.call('XDEL', stream, digits(epoch) .. '-0')
    redis.call('HSET', known, 'epoch', digits(epoch), 'run', run)
    redis.call('HDEL', known, 'next', 'since')
    numbered_in, next_run, since, due = run, false, nil, 0
end

-- Redis has restarted since messages were numbered last, maybe with older data than it had. Notes when that was seen.
local function see_restart()
    if next_run ~= run or not since or since > now then
        since, next_run = now, run
        redis.call('HSET', known, 'next', run, 'since', digits(now))
    end
end

-- A topic without messages stays for two minutes, put off each half of one: nobody loses anything with it.
local EMPTY_LIFETIME, EMPTY_INTERVAL = 120000, 30000

-- Puts off the expiry.
local function stay(n)
    if now >= due or n == 1 then
        local lifetime, interval = tonumber(ARGV[4]), tonumber(ARGV[5])
        if n == 0 then
            lifetime, interval = EMPTY_LIFETIME, EMPTY_INTERVAL
        end
        redis.call('PEXPIRE', stream, digits(lifetime))
        redis.call('PEXPIRE', known, digits(lifetime * 2))
        redis.call('HSET', known, 'due', digits(now + interval))
    end
end

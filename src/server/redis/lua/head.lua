-- Where the topic's head is: epoch, number, and the time in milliseconds since 1970. Made if it is not there; made anew if
-- the caller knows a later head than there is, for then Redis has lost messages, and numbers would be given twice, and if
-- somebody else's id is at the head.
local n = 0
if redis.call('EXISTS', stream) == 0 then
    begin()
else
    local in_stream, last = head()
    if in_stream and in_stream ~= epoch then
        epoch = in_stream
        redis.call('HSET', known, 'epoch', digits(epoch))
    end
    if not in_stream or known_epoch > epoch or (known_epoch == epoch and known_n > last) then
        begin()
    else
        n = last
        if numbered_in ~= run then
            see_restart()
        end
    end
end
stay(n)
return { digits(epoch), digits(n), digits(now) }

//! What `--help` prints.

pub const PROGRAM: &str = "\
One log, every real-time transport: WebSocket, Server-Sent Events, HTTP streaming, long and short polling.

Usage:
  tidings [serve] [OPTIONS]              the topic server with its live page
  tidings publish URL [DATA | -]         publish one message, or each line of standard input
  tidings subscribe URL [OPTIONS]        print what arrives
  tidings inspect [HEX | FILE | -]       explain bytes field by field
  tidings help [COMMAND]                 the same as tidings [COMMAND] --help, which tells more

A topic's URL is like http://127.0.0.1:8080/topics/news; https and wss need the feature tls, or a proxy in front.
Data goes to standard output, words to standard error. Exit status: 0 done, 1 failed, 2 called wrongly. A closed
standard output is a reason to end, not a failure. tidings --version tells the version.
";

pub const SERVE: &str = "\
The topic server, with a live page at its root.

Usage: tidings [serve] [OPTIONS]

  --addr HOST:PORT       where to listen; port 0 takes a free one         [127.0.0.1:8080]
  --allow-origin ORIGIN  let pages of this origin in, or of all with *; may be repeated
  --keep-messages N      how many messages a topic keeps at the most      [10000]
  --keep-bytes N         how many bytes of them                           [16777216]
  --keep-seconds N       and for how long                                 [3600]
  --publish-token TOKEN  let only those publish who show this token; may be repeated
  --subscribe-token TOKEN
                         let only those subscribe who show this one, likewise. Better in TIDINGS_PUBLISH_TOKEN and
                         TIDINGS_SUBSCRIBE_TOKEN, with blanks between several: a command line is for all to see
  --connections-per-address N
                         how many connections an address may have, or an IPv6 /64; over it 503 [no bound of its own]
  --trust-proxy ADDR[/PREFIX]
                         believe this proxy whom it asks for; may be repeated. Its connections are not counted, whoever's
  --proxy-header NAME    where proxies tell it: x-forwarded-for or forwarded; never both  [x-forwarded-for]
  --cert FILE            speak TLS (https, wss) and nothing else: the certificate with those that vouch for it, as PEM
  --key FILE             its key, without a password         [FILE of --cert]. SIGHUP, which else ends as
                         SIGTERM does, reads both again, for who comes then; the log (warn, info) says how it went.
                         Only with the feature tls built in (cargo's --features tls)
  --drain-seconds N      how long clients may take to go                  [5]
  --redis URL            keep topics in this Redis, 7.0 or later, and share them with all servers that do:
                         redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]. Better in TIDINGS_REDIS if there is a
                         password. For a program that is built with the feature redis
  --log LEVEL            what is told on standard error: off, error (panics), warn (what is refused), info (beginning and
                         end), debug (each request). Also TIDINGS_LOG     [warn]
  --help, --version

Prints \"listening on http://…/\", or https, once it does. SIGINT and SIGTERM drain it: it takes no more connections, tells all
clients, and ends with status 0 when they are gone, or cuts off who is left. It keeps everything in memory, or in Redis.
As a systemd service of Type=notify it says when it is ready and when it is stopping.

A line of the log is TIME LEVEL TARGET: WORDS KEY=VALUE…, in UTC; a value with blanks or signs in it is quoted. Of refusals
there is a line a second at the most for each reason, with how many it stands for. No query, header, data or token is ever
told. If standard error takes nothing, lines are dropped and counted, and the server goes on.

A token is shown as Authorization: Bearer TOKEN or, by a page's EventSource and WebSocket, as ?access_token=TOKEN; 401 says
that it is missing or wrong, 403 that it is for the other action. What has no token is for everybody, and so are the empty
live page, which asks for tokens, /healthz and /metrics. A WebSocket that also publishes needs a token given to both
options. Where others can reach it let it speak TLS, or a proxy in front, lest tokens are read on the way.
Exit status: 0 drained, 1 if it cannot listen or Redis is not there when it starts, 2 called wrongly. A Redis that goes
away later is waited for: publishes get 503, and who listens stays.
";

pub const PUBLISH: &str = "\
Publishes to a topic, or to anything that takes a POST.

Usage: tidings publish URL [DATA | -] [OPTIONS]

  DATA                   one message
  -                      each line of standard input is a message, without its LF or CRLF; also without DATA
  --event NAME           what kind of message it is
  --idempotency-key KEY  publish DATA once for this key, also if called again: then the id of the first time is printed,
                         as long as the topic keeps that message. A topic of ours; others may not know keys
  --lossy                publish lines that are not UTF-8, too, with U+FFFD for what is not; else they end it
  --header 'NAME: VALUE' a header of each request, in place of its own of that name; may be repeated. Content-Length,
                         Idempotency-Key, Transfer-Encoding, Upgrade and Sec-WebSocket-… are refused
  --token TOKEN          show this token, as Authorization: Bearer, but to no other server that this one redirects to.
                         Better in TIDINGS_TOKEN: a command line is for all to see
  --cacert FILE          trust a server under TLS if those in FILE (PEM) vouch for it   [those whom the system trusts]
  --help, --version

Prints the id of each message once it was taken. Messages go out in order over one connection. After a cut a message is
sent again, for up to 30 s, and not taken twice: each has a key by which a topic of ours knows it as long as it keeps the
message. So it can double only if in that time the server begins anew, or the topic drops the message already, being tiny
or very busy, or a load balancer leads to another server that does not share the topic with this one in a Redis. To a
server that does not send the key back it is sent again only where it is certain that it was not taken; where that is
not known, the program fails and says so. A server that was never there is a failure at once.
Exit status: 0 everything was taken, 1 something was not or an id could not be printed, 2 called wrongly. SIGINT and
SIGTERM end it at once: a message on its way may have been taken.
";

pub const SUBSCRIBE: &str = "\
Prints what arrives on a topic; with sse or ws from any server's event stream or WebSocket.

Usage: tidings subscribe URL [OPTIONS]

  --via TRANSPORT        sse, ws, stream, long or short                   [sse; ws for ws:// and wss://]
  --after CURSOR         resume behind this message; also oldest or now   [now]
                         with sse another server's last event ID, whatever it looks like, for the server to judge
  --event NAME           ask for messages of this event only; may be repeated. Those without a name are of the event
                         message. Ids and cursors stay those of the whole topic
  --save FILE            keep the cursor in FILE: if it is there, go on behind it, and --after does not count
  --json                 a JSON object a line: messages with their ids, bookmarks, resets, drains
  --wire                 explain on standard error, field by field as inspect does, the bytes that go and come
  --count N              end after so many messages
  --header 'NAME: VALUE' a header of each request, in place of its own of that name; may be repeated. Content-Length,
                         Transfer-Encoding, Upgrade and Sec-WebSocket-… are refused
  --token TOKEN          show this token, as Authorization: Bearer, but to no other server that this one redirects to.
                         Better in TIDINGS_TOKEN: a command line is for all to see
  --cacert FILE          trust a server under TLS if those in FILE (PEM) vouch for it   [those whom the system trusts]
  --help, --version

Without --json it prints the data of each message and a line break. It reconnects by itself and loses and doubles
nothing; the last id that --json printed, given to --after, goes on exactly there, over the same or another transport.
A bookmark is printed where the cursor moves without a message, as it does at the very beginning and, with --event, past
messages of other events.

With --save, even SIGKILL loses nothing. Where standard output is a regular file that this program alone appends to
(>> LOG), each line stands there once: FILE is told of each write before it, and its length tells the next run whether
the write happened; the part of a broken one is cut off. On any other output the last write, of up to 64 KiB or one
message, comes twice if the kill fell between it and its saving: the ids of --json tell. FILE is replaced as a whole and
synced, and the output file before it: a power cut loses no line, but may double the last. One FILE is for one URL,
whose query counts while --event does not, and may go on over another transport. It is for one run at a time: a second
is refused, by a lock on the empty FILE.lock, which stays beside it.

With --wire each line on standard error begins with > for what is sent, < for what has come, or = for a new connection:
requests and answers, frames with their Pongs and Closes, events and chunks. Standard output is as without it, with --json
and --save too; 2>WIRE keeps them apart. Each thing is explained when it is whole, and of what is longer than 64 KiB each
part. The values of Authorization, cookies and what --header brings are not shown, nor is a token in a URL; but what the
server sends is. Who holds up standard error holds up the data.

It tries again for ever, after up to 1 s at first and 30 s in the end, or when the server says; but a server that was
never there, and one that will not (401, 403, 404, 204, another media type, a certificate that is not trusted), is a
failure at once.
Exit status: 0 after --count messages, SIGINT or SIGTERM, which let it print what it has, 1 failed, 2 called wrongly, as
with the FILE of another URL.
";

pub const INSPECT: &str = "\
Explains bytes field by field: WebSocket frames, an event stream, HTTP messages or JSON.

Usage: tidings inspect [HEX | FILE | -] [OPTIONS]

  HEX                    the bytes in hexadecimal; spaces, colons and commas between them do not matter
  FILE                   a file that has them, in hexadecimal or as they are. What is hexadecimal is not taken for the
                         name of a file, even if there is one: see --file
  -                      standard input, likewise; also without an argument. What is not hexadecimal is explained while
                         it comes, as from curl -N URL | tidings inspect -
  --file FILE            a file, whatever it is called
  --as FORMAT            frames, sse, http or json                        [guessed by the first bytes]
  --from SIDE            client or server: whose frames they are, so that a wrong mask is told  [told by their masks]
  --no-picture           without the drawing of each frame's first two bytes
  --json                 a JSON object a field: at, len, name, text, meaning; no drawings
  --help, --version

Each field has two lines: where it begins, its first bytes, what it is called and says; and what that means, with the
section that lays it down. Frames are told apart by their masks, client's from server's, and fragments are counted. A
compressed message is inflated, up to 1 MiB of it and 64 MiB in all of a side, with what its side has compressed before
it, if that is here. Behind a handshake frames follow, and the answer is measured by the request if both are here.

What is not legal is said where it stands; where bytes are missing, a last field of no length says what and how many.
Of what is longer than 1 MiB, as a frame may be, each part is explained by itself; hexadecimal may have 32 MiB.
Exit status: 0 explained, even if what it explains is illegal or incomplete, 1 failed, 2 called wrongly.
";

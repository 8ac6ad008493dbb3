//! What `--help` prints.

pub const PROGRAM: &str = "\
One log, every real-time transport: WebSocket, Server-Sent Events, HTTP streaming, long and short polling.

Usage:
  tidings [serve] [OPTIONS]              the topic server with its live page
  tidings publish URL [DATA | -]         publish one message, or each line of standard input
  tidings subscribe URL [OPTIONS]        print what arrives
  tidings inspect [HEX | -]              explain bytes field by field

A topic's URL is like http://127.0.0.1:8080/topics/news.
tidings COMMAND --help tells more; tidings --version tells the version.
";

pub const SERVE: &str = "\
The topic server, with a live page at its root.

Usage: tidings [serve] [OPTIONS]

  --addr ADDR:PORT       where to listen; port 0 takes a free one         [127.0.0.1:8080]
  --allow-origin ORIGIN  let pages of this origin in, or of all with *; may be repeated
  --keep-messages N      how many messages a topic keeps at the most      [10000]
  --keep-bytes N         how many bytes of them                           [16777216]
  --keep-seconds N       and for how long                                 [3600]
  --help, --version

Prints \"listening on http://…/\" once it does. SIGINT and SIGTERM tell all clients and then end it.
";

pub const PUBLISH: &str = "\
Publishes to a topic, or to anything that takes a POST.

Usage: tidings publish URL [DATA | -] [OPTIONS]

  DATA                   one message
  -                      each line of standard input is a message, without its LF or CRLF; also without DATA
  --event NAME           what kind of message it is
  --lossy                publish lines that are not UTF-8, too, with U+FFFD for what is not; else they end it
  --header 'NAME: VALUE' a further header of each request; may be repeated
  --help, --version

Prints the id of each message once it was taken. Messages go out in order over one connection. After a cut a message is
sent again only where it is certain that it was not taken; where that is not known, the program fails and says so.
";

pub const SUBSCRIBE: &str = "\
Prints what arrives on a topic; with sse or ws from any server's event stream or WebSocket.

Usage: tidings subscribe URL [OPTIONS]

  --via TRANSPORT        sse, ws, stream, long or short                   [sse]
  --after CURSOR         resume behind this message; also oldest or now   [now]
  --json                 a JSON object a line: messages with their ids, bookmarks, resets, drains
  --count N              end after so many messages
  --header 'NAME: VALUE' a further header of each request; may be repeated
  --help, --version

Without --json it prints the data of each message and a line break. It reconnects by itself and loses and doubles
nothing; the last id that --json printed, given to --after, goes on exactly there, over the same or another transport.
A bookmark is printed where the cursor moves without a message, as it does at the very beginning.
";

pub const INSPECT: &str = "\
Explains bytes field by field: WebSocket frames, an event stream, an HTTP message or JSON.

Usage: tidings inspect [HEX | -] [OPTIONS]

  HEX                    the bytes in hexadecimal; spaces and colons between them do not matter
  -                      from standard input, in hexadecimal or as they are; also without HEX
  --as FORMAT            frames, sse, http or json                        [guessed by the first bytes]
  --json                 a JSON object a field: at, len, name, text, meaning
  --help, --version
";

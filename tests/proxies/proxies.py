"""nginx and HAProxy with the configuration of their Debian packages, but for the places of files; what an operator has to
add stands in `SITE` of each."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import processes


class Nginx:
    # `proxy_pass` without more; for WebSockets, and whoever else comes that way, nginx's documentation has the three lines.
    SITE = """
        server {{
            listen 127.0.0.1:{port};
            location / {{
                proxy_pass http://127.0.0.1:{server};
            }}
            location /upgraded/ {{
                proxy_pass http://127.0.0.1:{server}/;
                proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection "upgrade";
            }}
        }}"""
    # Where the transports are, and again where they are not expected.
    LANES = {"ws": "/upgraded", "sse": "", "stream": "", "long": "", "short": ""}
    MORE_LANES = {"sse": "/upgraded", "stream": "/upgraded", "long": "/upgraded"}
    PROMPT = ()
    UNAVAILABLE = 502

    def __init__(self, folder, server):
        self.port = processes.free_port()
        files = os.environ["NGINX_FILES"]
        site = folder / "site.conf"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        site.write_text("".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
                        + self.SITE.format(port=self.port, server=server))
        text = Path(files, "etc/nginx/nginx.conf").read_text()
        for stock, here in (
            ("/etc/nginx/sites-enabled/*", str(site)),
            ("/etc/nginx/conf.d/*.conf", ""),
            ("/etc/nginx/modules-enabled/*.conf", ""),
            ("/etc/nginx/", f"{files}/etc/nginx/"),
            ("/run/nginx.pid", f"{folder}/nginx.pid"),
            ("/var/log/nginx/", f"{folder}/"),
        ):
            assert stock in text, f"Debian's nginx.conf says nothing of {stock}"
            text = text.replace(stock, here)
        text = re.sub(r"^\s*include ;$", "", text, flags=re.MULTILINE)
        configuration = folder / "nginx.conf"
        configuration.write_text(text)
        self.master = processes.start([os.environ["NGINX_BIN"], "-p", folder, "-c", configuration, "-e", "stderr",
                                       "-g", "daemon off;"])
        self.logs = [folder / "access.log", folder / "error.log"]

    def workers(self):
        return [int(pid) for pid in Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()]

    def kill(self):
        """Its workers; the master starts others. What is returned says whether that is done."""
        killed = self.workers()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return lambda: self.workers() and not set(killed) & set(self.workers())

    def reload(self):
        """Likewise, with new workers; the old ones end when their connections have."""
        old = self.workers()
        self.master.send_signal(signal.SIGHUP)
        return lambda: set(self.workers()) - set(old)

    def check_reuse(self, requests):
        """Its stock configuration makes a connection to the server for each request."""


class HAProxy:
    SITE = """
frontend site
    bind 127.0.0.1:{port}
    use_backend prompt if {{ path_beg /prompt/ }}
    default_backend tidings

backend tidings
    server one 127.0.0.1:{server}

backend prompt
    option http-no-delay
    http-request replace-path /prompt(/.*) \\1
    server one 127.0.0.1:{server}
"""
    LANES = {"ws": "", "sse": "", "stream": "", "long": "", "short": ""}
    # Else it lets the system wait for more to send, which takes 200 ms, as long as an answer has not ended.
    MORE_LANES = {"sse": "/prompt", "stream": "/prompt"}
    PROMPT = ("sse/prompt", "stream/prompt")
    UNAVAILABLE = 503

    def __init__(self, folder, server):
        self.port = processes.free_port()
        files = os.environ["HAPROXY_FILES"]
        stock = Path(files, "etc/haproxy/haproxy.cfg").read_text()
        defaults = stock[stock.index("\ndefaults"):]
        for line in (r"mode\s+http", r"timeout client\s+50000", r"timeout server\s+50000"):
            assert re.search(line, defaults), f"Debian's haproxy.cfg does not say {line}"
        # Of its global section nothing has to do with HTTP.
        self.socket = folder / "admin.sock"
        self.configuration = folder / "haproxy.cfg"
        self.configuration.write_text(
            f"global\n\tlog stdout format raw local0\n\tstats socket {self.socket} mode 600 level admin\n"
            + defaults.replace("/etc/haproxy/", f"{files}/etc/haproxy/")
            + self.SITE.format(port=self.port, server=server))
        self.logs = [folder / "haproxy.log"]
        self.child = self._start()

    def _start(self, *arguments):
        with self.logs[0].open("a") as log:
            return processes.start([os.environ["HAPROXY_BIN"], "-db", "-f", self.configuration, *arguments],
                                   stdout=log, stderr=subprocess.STDOUT)

    def kill(self):
        """What is returned says whether there is another."""
        processes.end(self.child, signal.SIGKILL)
        self.child = self._start()
        return self.is_in_charge

    def reload(self):
        """As its service does: a new process takes the port over, the old one ends when its connections have."""
        self.child = self._start("-sf", str(self.child.pid))
        return self.is_in_charge

    def is_in_charge(self):
        return f"\nPid: {self.child.pid}\n" in self.told("show info")

    def check_reuse(self, requests):
        """Nearly all of so many requests went over a connection to the server that was there already."""
        names, *lines = self.told("show stat").lstrip("# ").splitlines()
        rows = (dict(zip(names.split(","), line.split(","))) for line in lines)
        backend = next(row for row in rows if (row.get("pxname"), row.get("svname")) == ("tidings", "BACKEND"))
        assert int(backend["reuse"]) >= requests * 9 // 10, f"{backend['reuse']} of {requests} requests"

    def told(self, command):
        """What the process answers, nothing if it is not there."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(processes.TIMEOUT)
            try:
                admin.connect(str(self.socket))
                admin.sendall(f"{command}\n".encode())
                return admin.makefile().read()
            except OSError:
                return ""


PROXIES = {"nginx": Nginx, "haproxy": HAProxy}

"""Runs a command on a terminal of its own, types, and says how it left the terminal.

python3 pseudo_terminal.py '[["wait for this", "then type this"], ...]' COMMAND...
A text to type that is the name of a signal, such as SIGTERM, is sent instead; "again:" before it repeats it until the
command ends. As under a shell, the command leads the process group in the foreground, and another process the session.
Ends when all processes of the group have; prints one JSON object.
"""
import fcntl, json, os, pty, select, signal, sys, termios, time

script, command = json.loads(sys.argv[1]), sys.argv[2:]
# Both ends stay open here, so that the settings of the line can be read when the process is gone.
terminal, line = pty.openpty()
told, tell = os.pipe()
session = os.fork()
if session == 0:
    os.setsid()
    fcntl.ioctl(line, termios.TIOCSCTTY, 0)
    group = os.fork()
    if group == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(line, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.write(tell, f"{os.getpid()}\n".encode())
        for stream in range(3):
            os.dup2(line, stream)
        os.execvp(command[0], command)
    status = os.waitpid(group, 0)[1]
    # Who forwards signals may be gone before the one that it forwards to.
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)
pid = int(os.read(told, 20))
output, seen, deadline = "", 0, time.monotonic() + 100
ended = None


def send(text):
    if text.startswith("SIG"):
        os.kill(pid, getattr(signal, text))
    else:
        os.write(terminal, text.encode())


again = None
while ended is None and time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.05)[0]:
        output += os.read(terminal, 65536).decode(errors="replace")
    while script and script[0][0] in output[seen:]:
        wanted, text = script.pop(0)
        seen = output.index(wanted, seen) + len(wanted)
        if text.startswith("again:"):
            again = text = text.removeprefix("again:")
        send(text)
    if again:
        send(again)
    done, status = os.waitpid(session, os.WNOHANG)
    if done:
        ended = os.waitstatus_to_exitcode(status)
if ended is None:
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(session, 0)
while select.select([terminal], [], [], 0.05)[0]:
    output += os.read(terminal, 65536).decode(errors="replace")
flags = termios.tcgetattr(line)[3]
print(json.dumps({
    "code": ended, "output": output,
    "echo": bool(flags & termios.ECHO), "canonical": bool(flags & termios.ICANON),
}))

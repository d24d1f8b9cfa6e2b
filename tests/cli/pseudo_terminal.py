"""Runs a command on a terminal of its own, types, and says how it left the terminal.

python3 pseudo_terminal.py '[["wait for this", "then type this"], ...]' COMMAND...
A text to type that is the name of a signal, such as SIGTERM, is sent instead. Prints one JSON object.
"""
import fcntl, json, os, pty, select, signal, sys, termios, time

script, command = json.loads(sys.argv[1]), sys.argv[2:]
# Both ends stay open here, so that the settings of the line can be read when the process is gone.
terminal, line = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(line, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(line, stream)
    os.execvp(command[0], command)
output, seen, deadline = "", 0, time.monotonic() + 50
ended = None
while ended is None and time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.05)[0]:
        output += os.read(terminal, 65536).decode(errors="replace")
    while script and script[0][0] in output[seen:]:
        wanted, text = script.pop(0)
        seen = output.index(wanted, seen) + len(wanted)
        if text.startswith("SIG"):
            os.kill(pid, getattr(signal, text))
        else:
            os.write(terminal, text.encode())
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        ended = os.waitstatus_to_exitcode(status)
if ended is None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
while select.select([terminal], [], [], 0.05)[0]:
    output += os.read(terminal, 65536).decode(errors="replace")
flags = termios.tcgetattr(line)[3]
print(json.dumps({
    "code": ended, "output": output,
    "echo": bool(flags & termios.ECHO), "canonical": bool(flags & termios.ICANON),
}))

#!/usr/bin/env python3
"""Set the course up and run it, with nothing but Python: python make.py lab, python make.py test, ...

Everything lands in .venv beside this file. The second time starts in seconds.
(The Makefile calls this file, so that Windows has the same commands without make.)
"""
# This file must still parse under an old Python, so that it can say that it is too old: no f-strings, no annotations.
import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        "This course needs Python %d.%d or newer; this is Python %d.%d (%s).\n"
        "Install a newer one (python.org, your package manager, or conda), then run for example:\n"
        "    python3.12 make.py lab" % (OLDEST + tuple(sys.version_info[:2]) + (sys.executable,))
    )

import argparse  # noqa: E402
import hashlib  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import venv  # noqa: E402

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
NEEDED_GB = {"course": 4.0, "all": 4.5}  # measured: .venv is 1.9 GB with torch's CPU build; pip unpacks beside it
EXTRAS = {"course": "course", "all": "course,test,dev"}
TORCH = "torch==2.13.0"
NO_NETWORK = ("Temporary failure in name resolution", "Failed to establish a new connection", "getaddrinfo failed",
              "Name or service not known", "Network is unreachable", "nodename nor servname",
              "NameResolutionError", "ConnectTimeoutError", "Connection refused", "from versions: none")


class Stop(Exception):
    """Something the user has to mend; the text says what and how."""


def stamp(level):
    """What the environment was made from; it is made again when this changes."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "requirements.lock"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    digest.update(("%s %d.%d %s" % (level, sys.version_info[0], sys.version_info[1], ROOT)).encode())
    return digest.hexdigest()


def is_ready(level):
    """Has .venv been made from these files already, at this level or above?"""
    try:
        with open(os.path.join(VENV, ".made-from")) as file:
            made = file.read().split()
    except OSError:
        return False
    return os.path.exists(PYTHON) and (stamp(level) in made or stamp("all") in made)


def setup(level):
    """Make .venv with exactly the versions of requirements.lock."""
    if is_ready(level):
        return
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB[level]:
        raise Stop(
            "There are %.1f GB free on this disk; the course needs %.1f GB to install itself.\n"
            "Make room, or move the course's folder to a larger disk, and run the same command again."
            % (free, NEEDED_GB[level])
        )
    print("Setting the course up in .venv (once; a few minutes, depending on your network) ...")
    if not os.path.exists(PYTHON):
        try:
            venv.create(VENV, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            shutil.rmtree(VENV, ignore_errors=True)
            raise Stop(
                "Python could not make a virtual environment (%s).\n"
                "On Debian and Ubuntu it is a package of its own: sudo apt install python3-venv" % error
            ) from None
    pip_install("-c", "requirements.lock", "-e", ".[%s]" % EXTRAS[level])
    with open(os.path.join(VENV, ".made-from"), "w") as file:
        file.write(stamp(level) + "\n")
    print("Ready.")


def pip_install(*arguments):
    """Run pip, showing what it does; a failure becomes a sentence."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"] + list(arguments)
    seen = []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               universal_newlines=True, errors="replace")
    for line in process.stdout:
        seen = (seen + [line])[-200:]
        if line.startswith(("Collecting", "Downloading", "Installing", "Building")):
            print("  " + line.strip()[:100])
    if process.wait() == 0:
        return
    text = "".join(seen)
    if "No space left on device" in text:
        raise Stop("The disk became full while installing. Make room (about %.0f GB in all) and run the same command "
                   "again; what is installed already stays." % NEEDED_GB["all"])
    if any(word in text for word in NO_NETWORK):
        raise Stop("The first set-up downloads the course's packages, and there is no network now.\n"
                   "Connect once and run the same command again; from then on everything works offline.")
    raise Stop("pip could not install the packages. Its last words were:\n\n%s\nIf this is a fresh download of the "
               "course, please report it with the text above." % "".join(seen[-15:]))


def run(*command, **extra):
    """Run a program or module of the environment from the course's folder; its exit code becomes ours."""
    program = shutil.which(command[0], path=BIN)
    head = [program] if program else [PYTHON, "-m", command[0]]
    environment = dict(os.environ, PATH=BIN + os.pathsep + os.environ.get("PATH", ""), **extra)
    environment.pop("PYTHONHOME", None)
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep: the machine may be busy otherwise
    try:
        code = subprocess.call(head + list(command[1:]), cwd=ROOT, env=environment)
    except KeyboardInterrupt:
        code = 130
    if code:
        sys.exit(code)


def free_port(wanted):
    """The port to serve on: the one asked for, or the first free one from 8888 up."""
    for port in [wanted] if wanted else range(8888, 8938):
        with socket.socket() as probe:
            if not WINDOWS:  # as the server itself does: a port that was just released counts as free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    if wanted:
        raise Stop("Port %d is taken by another program (another JupyterLab, perhaps). Close it, or choose another "
                   "port:\n    python make.py lab --port %d" % (wanted, wanted + 1))
    raise Stop("All ports from 8888 to 8937 are taken. Choose one yourself: python make.py lab --port 9100")


def need_tests():
    if not os.path.isdir(os.path.join(ROOT, "tests")):
        raise Stop("The students' bundle comes without the course's own tests. "
                   "To see whether your installation is sound, run: python make.py doctor")


def lab(options):
    setup("course")
    port = free_port(options.port)
    run("coursekit", "workspace")
    arguments = ["jupyter-lab", "--ServerApp.port=%d" % port, "--ServerApp.port_retries=0", "--ServerApp.root_dir=work",
                 "--LabApp.default_url=/lab/tree/lectures"]
    run(*(arguments + (["--no-browser"] if options.no_browser else []) + options.rest))


def test(options):
    need_tests()
    setup("all")
    # Two files at a time: a file's tests stay with one worker, so what they share is set up once.
    run("pytest", *(["-n2", "--dist=loadfile"] if (os.cpu_count() or 1) > 1 else []), *options.rest)


def tool(*command, **settings):
    """A verb that sets up and runs one command of the environment."""

    def verb(options):
        setup(settings.get("level", "all"))
        run(*(list(command) + options.rest))

    return verb


def setup_verb(options):
    setup("all" if options.all else "course")


def lint(options):
    setup("all")
    run("ruff", "check", ".")
    run("mypy")
    run("lint-imports")


def lock(options):
    """Resolve requirements.lock again, for all platforms (needs uv; names and versions only)."""
    setup("all")
    pip_install("uv")
    header = ("# Exact versions of everything the course runs on, for Python >= 3.11 on Linux, macOS and Windows.\n"
              "# Used as a pip constraint (-c). Regenerate with: make lock\n")
    made, pins = os.path.join(VENV, "lock.txt"), os.path.join(VENV, "pins.txt")
    with open(pins, "w") as file:
        file.write(TORCH + "\n")
    run("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--python-version", "3.11",
        "--no-emit-index-url", "--no-annotate", "--no-header", "-c", pins, "-o", made)
    with open(made) as file, open(os.path.join(ROOT, "requirements.lock"), "w") as target:
        target.write(header + file.read())


def clean(options):
    """Remove the environment and caches; never work/ or anything a student wrote."""
    for name in (".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", "build", "dist"):
        shutil.rmtree(os.path.join(ROOT, name), ignore_errors=True)


VERBS = {
    "lab": (lab, "set up, then open JupyterLab on the course"),
    "test": (test, "set up, then run all tests (more words go to pytest)"),
    "doctor": (tool("coursekit", "doctor", level="course"), "say whether this installation is sound"),
    "setup": (setup_verb, "set up only (--all: with the tools of tests and development)"),
    "notebooks": (tool("coursekit", "notebooks"), "regenerate every notebook from its text"),
    "figures": (tool("coursekit", "figures"), "run the experiments whose code has changed"),
    "bench": (tool("coursekit", "bench"), "time the library beside its peers"),
    "lint": (lint, "ruff, mypy and the floors of the house"),
    "lock": (lock, "resolve requirements.lock again"),
    "clean": (clean, "remove .venv and caches (never your work)"),
}


def main():
    parser = argparse.ArgumentParser(prog="make.py", description="The course's commands.", epilog="\n".join(
        "%-10s %s" % (name, text) for name, (_, text) in VERBS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=list(VERBS), metavar="command", help="one of those below")
    parser.add_argument("--port", type=int, help="lab: the port to serve on")
    parser.add_argument("--no-browser", action="store_true", help="lab: do not open a browser")
    parser.add_argument("--all", action="store_true", help="setup: with the tools of tests and development")
    options, options.rest = parser.parse_known_args()
    try:
        VERBS[options.verb][0](options)
    except Stop as stop:
        sys.exit("\n%s" % stop)


if __name__ == "__main__":
    main()

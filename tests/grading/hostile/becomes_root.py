# Asks for root, for capabilities, for higher limits, for mounts.
# %% after t1
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
for name, act in {"setuid": lambda: os.setuid(0), "setgroups": lambda: os.setgroups([0]),
                  "chroot": lambda: os.chroot("/"), "nice": lambda: os.nice(-10),
                  "limits": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999))}.items():
    try:
        act()
        print("LOOT:", name)
    except (OSError, ValueError):
        pass
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    print("LOOT: mount")
if libc.ptrace(16, 1, 0, 0) == 0:
    print("LOOT: ptrace")
for program in ("su", "sudo", "mount", "ping"):
    path = f"/usr/bin/{program}"
    if os.path.exists(path) and os.system(f"{path} -c id 2>/dev/null | grep -q uid=0") == 0:
        print("LOOT:", program)

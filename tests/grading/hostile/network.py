# Calls a listener on loopback by TCP, by UDP and by an abstract Unix socket. (The test's own; no other address.)
# %% after t1
import socket
for kind, address in ((socket.SOCK_STREAM, ("127.0.0.1", @PORT@)), (socket.SOCK_DGRAM, ("127.0.0.1", @PORT@))):
    try:
        with socket.socket(socket.AF_INET, kind) as caller:
            caller.settimeout(1)
            caller.connect(address)
            caller.send(b"stolen")
        if kind == socket.SOCK_STREAM:
            print("LOOT: connected")
    except OSError as error:
        print("refused:", type(error).__name__)
try:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect("\0hostile-@PORT@")
        print("LOOT: abstract socket")
except OSError:
    pass

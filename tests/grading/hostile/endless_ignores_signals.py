# An endless wait that ignores SIGINT, SIGTERM and SIGHUP.
# marks: t3=0
# flag: ran longer than
# %% t3
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
def energy(x):
    while True:
        time.sleep(1000)

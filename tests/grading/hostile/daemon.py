# Leaves a process behind that has a session of its own and writes into the folder of arrays as long as it lives.
# %% after t1
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(600):
            for path in ("/grading/out/hostile-daemon", "/tmp/hostile-daemon"):
                try:
                    open(path, "a").write("x")
                except OSError:
                    pass
            time.sleep(0.2)
    os._exit(0)

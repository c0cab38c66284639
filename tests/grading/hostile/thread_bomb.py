# Threads without end.
# %% after t1
import threading, time
try:
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
except RuntimeError as error:
    print("stopped:", error)
else:
    print("LOOT: no limit on threads")

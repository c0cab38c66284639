# Children that have children, without end. (The limit on processes stops them; `left` is for the day it does not.)
# %% after t1
import os, time
left = 400
for _ in range(left):
    try:
        if os.fork() == 0:
            for _ in range(left):
                try:
                    os.fork()
                except OSError:
                    time.sleep(30)
                    os._exit(0)
            os._exit(0)
    except OSError as error:
        print("stopped:", type(error).__name__)
        break
else:
    print("LOOT: no limit on processes")

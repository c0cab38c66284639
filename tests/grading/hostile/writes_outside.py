# Writes wherever it can, above all where others would find it.
# %% after t1
import os, site, sys
places = ["/", "/grading", "/usr", "/usr/lib", "/etc", "/dev", sys.prefix, os.path.dirname(os.__file__), "@COURSE@",
          "@COURSE@/solutions", "@SUBMISSIONS@", "@OUT@", "/root", "/var/tmp", "/proc/sys/kernel", *sys.path]
for place in places:
    if place in ("", os.getcwd()):
        continue
    try:
        open(os.path.join(place, "hostile-was-here"), "w").write("x")
        print("LOOT: wrote in", place)
    except OSError:
        pass
open("/tmp/hostile-was-here", "w").write("x")
open(os.path.expanduser("~/hostile-was-here"), "w").write("x")
open("/dev/shm/hostile-was-here", "w").write("x")

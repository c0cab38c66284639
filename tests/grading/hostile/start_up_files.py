# Writes start-up files for the next kernel: IPython's, Jupyter's, matplotlib's, Python's, the shell's.
# flag: the kernel died
# %% before t1
import os
home = os.path.expanduser("~")
files = {".ipython/profile_default/startup/00-evil.py": "print('LOOT: startup')",
         ".ipython/profile_default/ipython_config.py": "c.InteractiveShellApp.exec_lines = ['print(\"LOOT: lines\")']",
         ".ipython/profile_default/ipython_kernel_config.py": "print('LOOT: kernel config')",
         ".jupyter/jupyter_config.py": "print('LOOT: jupyter')",
         ".pythonrc.py": "print('LOOT: rc')", ".config/matplotlib/matplotlibrc": "backend: module://evil",
         ".local/lib/python3.11/site-packages/evil.pth": "import os; print('LOOT: pth')"}
for name, text in files.items():
    os.makedirs(os.path.dirname(f"{home}/{name}"), exist_ok=True)
    open(f"{home}/{name}", "w").write(text)
os._exit(1)

# A page of HTML, as when a log-in page was saved instead of the notebook.
# malformed: not valid JSON
# %% make
path.write_text("<html><body>Please sign in</body></html>")

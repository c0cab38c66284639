# A time stamp that is no time: the answers count, and it is flagged.
# flag: not a time
# %% make
path.write_text(json.dumps(nb))
(path.parent / "timestamp.txt").write_text("yesterday <script>alert('hostile')</script> \x00")

# Scripts in every kind of output, and in an exception's name.
# %% after t1
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
script = "<script>alert('hostile')</script>"
display(HTML(script), Javascript("alert('hostile')"), Markdown(script), Latex(script),
        SVG("<svg xmlns='http://www.w3.org/2000/svg' onload=\"alert('hostile')\"/>"))
print(script)
raise type(script, (Exception,), {})(script)

# Script in the name of the folder.
# name: <img src=x onerror=alert('hostile')>

"""AWS: recognise a request, parse it, let moto answer, read the answer."""

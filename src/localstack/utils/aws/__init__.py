"""AWS tools that extensions import from here: resource names, regions, requests and answers."""

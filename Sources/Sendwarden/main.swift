
print("x")

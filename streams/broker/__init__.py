"""How Kafka is reached: by whom, through which door, with which rights, and what its refusals mean."""

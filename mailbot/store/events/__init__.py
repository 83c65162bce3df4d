"""Events and meetings, who is offered a seat, and who was there."""

"""Queue truth — queue models against the true positions of orders in real order-by-order books."""

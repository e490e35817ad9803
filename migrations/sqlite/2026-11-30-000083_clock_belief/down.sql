DROP TABLE clock_belief;

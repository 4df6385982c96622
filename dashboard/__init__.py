"""The recorder and the teacher's page: counts from MQTT into a store, and onto a screen."""

"""The Mobility Data Specification of the Open Mobility Foundation: policies as rules of a city, plans as geographies."""

//! What campaigns keep to on either database, also when many want the same.

mod budget;

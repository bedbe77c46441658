//! The simulator over real HTTP: a merchant that signs for itself, and a shop that receives notices.

mod account;
mod elsewhere;
mod knobs;
mod merchant;
mod notices;
mod oauth;
mod pay;
mod peer;
mod push;
mod restart;
mod service;

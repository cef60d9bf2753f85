"""LiteRT: conversion of Keras networks, and the engine that runs them."""

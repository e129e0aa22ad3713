if not meta or meta.epoch ~= ARGV[2] then
  return 'l'
end
